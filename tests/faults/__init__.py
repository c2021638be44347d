"""The fault harness: processes killed, disks that fail, damaged and hostile run folders."""
