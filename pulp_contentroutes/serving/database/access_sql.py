"""The statements about guards, tokens and permissions; the columns they use are in schema.py."""

from typing import Final

#: $1 the SHA-256 of an API token, $2 a token guard or null. One row for a valid token. The
#: users who may download are those of pulpcore's `get_objects_for_user`: superusers, and users who
#: hold the permission through a role, of their own or of a group, that applies everywhere, in the
#: guard's domain, or to the guard.
TOKEN: Final = """
WITH t AS MATERIALIZED (
  SELECT x.pulp_id, x.expires, u.id AS user_id, u.is_superuser
    FROM contentroutes_apitoken x JOIN auth_user u ON u.id = x.user_id
   WHERE x.digest = $1::text AND u.is_active AND (x.expires IS NULL OR x.expires > now())
)
SELECT t.pulp_id AS token_id, t.expires,
       g.pulp_id IS NOT NULL AND (t.is_superuser OR EXISTS (
         SELECT FROM auth_permission p
           JOIN django_content_type ct ON ct.id = p.content_type_id
           JOIN core_role_permissions rp ON rp.permission_id = p.id
           JOIN LATERAL (
               SELECT ur.object_id, ur.domain_id FROM core_userrole ur
                WHERE ur.user_id = t.user_id AND ur.role_id = rp.role_id
             UNION ALL
               SELECT gr.object_id, gr.domain_id
                 FROM auth_user_groups member
                 JOIN core_grouprole gr ON gr.group_id = member.group_id
                WHERE member.user_id = t.user_id AND gr.role_id = rp.role_id
           ) held ON held.domain_id = g.pulp_domain_id OR held.domain_id IS NULL
          WHERE ct.app_label = 'contentroutes' AND p.codename = 'download_tokencontentguard'
            AND (held.domain_id IS NOT NULL OR held.object_id IS NULL
                 OR held.object_id = g.pulp_id::text)
       )) AS may_download
  FROM t LEFT JOIN core_contentguard g ON g.pulp_id = $2::uuid
"""

#: $1 ids of tokens that were used.
TOUCH_TOKENS: Final = """
UPDATE contentroutes_apitoken SET last_used = now()
 WHERE pulp_id = ANY($1::uuid[])
   AND (last_used IS NULL OR last_used < now() - interval '1 minute')
"""

#: $1 a guard. `{table}` has the fields of its type, and `{key}` is the column that refers to the
#: guard there; both are quoted for SQL. The result is one row while the guard exists: the
#: transactions that wrote it and its place, a text that differs after each change; and whether a
#: trigger of ours announces changes of these fields.
GUARD_STATE: Final = """
SELECT concat_ws(' ', master.xmin, master.ctid, detail.xmin, detail.ctid) AS written,
       EXISTS (SELECT FROM pg_trigger
                WHERE tgrelid = detail.tableoid AND tgenabled IN ('O', 'A')
                  AND tgname LIKE 'contentroutes\\_%\\_update') AS is_watched
  FROM core_contentguard master JOIN {table} detail ON detail.{key} = master.pulp_id
 WHERE master.pulp_id = $1::uuid
"""

#: Statements that are prepared once as a test of the schema. (The table of GUARD_STATE is that of
#: a guard's type.)
STATEMENTS: Final = (TOUCH_TOKENS,)
USER_STATEMENTS: Final = (TOKEN,)
