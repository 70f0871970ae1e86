"""What the site is made of beside its pages: a reference that is read from the code, and links between pages."""
