"""Configuration for the web server in front of Pulp; packaged, and included by the site's own."""
