"""What a Galaxy server knows of collections, without Django: archives in, checked values out."""
