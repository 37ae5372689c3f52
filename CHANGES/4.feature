Guarded content is served by the fast path: header, environment variable, redirect and certificate guards are asked there, all others after Pulp's authentication.
