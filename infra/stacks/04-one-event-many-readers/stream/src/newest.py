"""The newest version of each order in a table, in whatever order the versions come."""

from contextlib import suppress

from boto3.dynamodb.conditions import Attr


def keep_newest(table, item):
    """Put an item with a version, unless the table has a newer one: then the older one changes nothing."""
    newer = Attr("version").not_exists() | Attr("version").lt(item["version"])
    with suppress(table.meta.client.exceptions.ConditionalCheckFailedException):
        table.put_item(Item=item, ConditionExpression=newer)
