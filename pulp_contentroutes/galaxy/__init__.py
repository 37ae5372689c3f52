"""A Galaxy server's knowledge of collections, without Django: archives in, checked values out."""
