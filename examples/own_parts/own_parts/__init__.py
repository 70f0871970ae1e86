"""Parts for saddle from outside of it. The folder conf/ beside this file names them for the command line."""
