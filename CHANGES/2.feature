Added the content route: `/pulp_contentroutes/content/` serves every distribution with Pulp's own answers, and its redirects, listings and file names stay right.
