# Zero-downtime safe: new tables only, which older code does not read.

import django.contrib.postgres.fields.hstore
import django.db.models.deletion
import django_lifecycle.mixins
import pulpcore.app.models.access_policy
import pulpcore.app.models.base
import pulpcore.app.util
from django.db import migrations, models

from . import _triggers

_ANY = ("INSERT", "UPDATE", "DELETE")
#: Table → event → the keys to announce.
WATCHED = {
    "contentroutes_contentroute": dict.fromkeys(
        _ANY, "SELECT pulp_id::text FROM changed UNION SELECT 'routes' FROM changed"
    ),
    "contentroutes_contentroutetarget": dict.fromkeys(
        _ANY, "SELECT route_id::text FROM changed UNION SELECT 'routes' FROM changed"
    ),
}
LOOK_AGAIN = "SELECT pg_notify('pulp_contentroutes', 'schema')"


def announce(apps, schema_editor):
    _triggers.create(schema_editor, WATCHED)


def be_silent(apps, schema_editor):
    _triggers.drop(schema_editor, WATCHED)


class Migration(migrations.Migration):

    dependencies = [
        ('contentroutes', '0005_notify_changes'),
        ('core', '0145_domainize_import_export'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContentRoute',
            fields=[
                ('pulp_id', models.UUIDField(default=pulpcore.app.models.base.pulp_uuid, editable=False, primary_key=True, serialize=False)),
                ('pulp_created', models.DateTimeField(auto_now_add=True)),
                ('pulp_last_updated', models.DateTimeField(auto_now=True, null=True)),
                ('name', models.TextField()),
                ('description', models.TextField(default='')),
                ('pulp_labels', django.contrib.postgres.fields.hstore.HStoreField(default=dict)),
                ('host', models.TextField(default='')),
                ('mount', models.TextField()),
                ('stem', models.TextField()),
                ('shape', models.TextField()),
                ('enabled', models.BooleanField(default=True)),
                ('action', models.TextField(choices=[('serve', 'Serve the first distribution that has the path'), ('rewrite', 'Serve a path that is made of parts of the URL'), ('redirect', 'Redirect to another URL')])),
                ('path', models.TextField(default='')),
                ('location', models.TextField(default='')),
                ('status', models.IntegerField(null=True)),
                ('cache_control', models.TextField(default='')),
                ('headers', models.JSONField(default=dict)),
                ('listings', models.BooleanField(default=True)),
                ('allow', models.JSONField(default=list)),
                ('deny', models.JSONField(default=list)),
                ('content_guard', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='core.contentguard')),
                ('pulp_domain', models.ForeignKey(default=pulpcore.app.util.get_domain_pk, on_delete=django.db.models.deletion.PROTECT, to='core.domain')),
            ],
            options={
                'permissions': (('manage_roles_contentroute', 'Can manage role assignments on routes'),),
                'default_related_name': '%(app_label)s_%(model_name)s',
                'indexes': [models.Index(condition=models.Q(('enabled', True)), fields=['host', 'stem'], name='contentroutes_route_stems')],
                'constraints': [models.UniqueConstraint(fields=('host', 'shape'), name='contentroutes_route_urls')],
                'unique_together': {('name', 'pulp_domain')},
            },
            bases=(django_lifecycle.mixins.LifecycleModelMixin, models.Model, pulpcore.app.models.access_policy.AutoAddObjPermsMixin),
        ),
        migrations.CreateModel(
            name='ContentRouteTarget',
            fields=[
                ('pulp_id', models.UUIDField(default=pulpcore.app.models.base.pulp_uuid, editable=False, primary_key=True, serialize=False)),
                ('pulp_created', models.DateTimeField(auto_now_add=True)),
                ('pulp_last_updated', models.DateTimeField(auto_now=True, null=True)),
                ('path', models.TextField(default='')),
                ('position', models.IntegerField()),
                ('distribution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='core.distribution')),
                ('route', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='contentroutes.contentroute')),
            ],
            options={
                'ordering': ('position',),
                'default_related_name': '%(app_label)s_%(model_name)s',
                'unique_together': {('route', 'position')},
            },
            bases=(django_lifecycle.mixins.LifecycleModelMixin, models.Model),
        ),
        migrations.RunPython(announce, reverse_code=be_silent),
        # Content workers look at the schema again, whichever way it was changed.
        migrations.RunSQL(sql=LOOK_AGAIN, reverse_sql=LOOK_AGAIN),
    ]
