"""One module for each example file; ``make_workbooks.py`` says what is in them."""
