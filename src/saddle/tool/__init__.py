"""The commands of `saddle`: tools over finished runs, one file each."""
