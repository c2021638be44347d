"""`dlrun board`: the runs of a folder on a page of this machine, as they are written."""
