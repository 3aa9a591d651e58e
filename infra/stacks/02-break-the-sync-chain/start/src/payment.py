from charging import charge


def handler(event, context):
    charge(event["detail"])
