"""The statements that read content routes; the columns they use are in schema.py."""

from typing import Final

_ROUTES: Final = """
SELECT r.pulp_id, r.name, r.host, r.mount, r.action, r.status, r.path, r.location,
       r.content_guard_id, r.cache_control, r.headers::text AS headers, r.listings,
       r.allow::text AS allow, r.deny::text AS deny, dom.pulp_id AS domain_id, dom.name AS domain,
       t.distribution_ids, t.paths
  FROM contentroutes_contentroute r
  JOIN core_domain dom ON dom.pulp_id = r.pulp_domain_id
  LEFT JOIN LATERAL (
    SELECT array_agg(target.distribution_id ORDER BY target.position) AS distribution_ids,
           array_agg(concat_ws('/', dist.base_path::text, NULLIF(target.path, ''))
                     ORDER BY target.position) AS paths
      FROM contentroutes_contentroutetarget target
      JOIN core_distribution dist ON dist.pulp_id = target.distribution_id
     WHERE target.route_id = r.pulp_id
  ) t ON true
 WHERE r.enabled AND {condition}
"""

#: $1 the id of the last route that is known, $2 how many to return.
ROUTES_AFTER: Final = _ROUTES.format(
    condition="r.pulp_id > $1::uuid ORDER BY r.pulp_id LIMIT $2::integer"
)
#: $1 ids of routes.
ROUTES_BY_ID: Final = _ROUTES.format(condition="r.pulp_id = ANY($1::uuid[])")
#: $1 hosts, as `patterns_of` returns them, $2 the paths before the first captures of mounts.
ROUTES_OF_URL: Final = _ROUTES.format(
    condition="r.host = ANY($1::text[]) AND r.stem = ANY($2::text[])"
)

STATEMENTS: Final = (ROUTES_AFTER, ROUTES_BY_ID, ROUTES_OF_URL)
