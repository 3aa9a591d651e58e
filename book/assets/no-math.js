// The course has no formulas. This stands in for MathJax, so that nothing is fetched from elsewhere.
