"""Uploaded pictures: made ours, then kept under the name of their content and served."""
