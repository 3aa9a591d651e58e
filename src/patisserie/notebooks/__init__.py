"""One hand-written source of a lab becomes the learner's notebook and the executed solution.

Nothing is imported here: `kernels` serves learners who run nbval, who need not have the tools that build notebooks.
"""
