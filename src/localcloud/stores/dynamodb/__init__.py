"""DynamoDB's items in moto's tables: compact, found by key, and put back when a transaction fails."""

from __future__ import annotations

from localcloud.stores.dynamodb.items import StoredItem
from localcloud.stores.dynamodb.secondary import Touch
from localcloud.stores.dynamodb.sizes import item_size
from localcloud.stores.dynamodb.streams import ItemChange, StreamLogs
from localcloud.stores.dynamodb.tables import Tables, stored_items

__all__ = ["ItemChange", "StoredItem", "StreamLogs", "Tables", "Touch", "item_size", "stored_items"]
