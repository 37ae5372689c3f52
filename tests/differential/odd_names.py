"""Names of files and folders that some program, somewhere, gets wrong."""

NAMES = (
    "a.txt", "b.tar.gz", "c.rpm", "PULP_MANIFEST", "index.html", "plain", "spa ce.txt", "100%.txt",
    "a+b.deb", "q?x.txt", "h#h.xml", "%2Fnot-a-slash", "%2e%2e", "%C3%BC", "ü-ß-日本.json",
    "dots...", "semi;colon,comma", "quo'te\"s", "<b>bold", "back\\slash", "UPPER.TXT", ".hidden",
    "~tilde", "a:b@c!$&()*=", "no\u0301rm", "x" * 200,
)  # fmt: skip
FOLDERS = (
    "",
    "",
    "dir/",
    "dir/sub/",
    "dir/sub/deep/er/",
    "d i r/",
    "Packages/%41/",
    "ü/",
    "index/",
)
