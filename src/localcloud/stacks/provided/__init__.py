"""What Lambda provides to functions whose code stands in a template."""
