"""ECS's own service model (botocore) as a check: only members that ECS has, with the types that it gives them."""

import botocore.session

_MODEL = botocore.session.get_session().get_service_model("ecs")
_TYPES = {"string": str, "boolean": bool, "timestamp": (int, float), "integer": int, "long": int, "double": (int, float), "float": (int, float)}


# Members that ECS got after botocore 1.29, which Debian 12 has (ECS API, types NetworkBinding, InstanceHealthCheckResult): texts.
_NEWER = {("NetworkBinding", "containerPortRange"), ("NetworkBinding", "hostPortRange"), ("InstanceHealthCheckResult", "statusReason")}


def members(shape_name):
    """The names of a structure's members."""
    return list(_MODEL.shape_for(shape_name).members)


def mistakes(value, shape_name):
    """What is wrong with a value (as it came, in JSON) of a shape such as "Task"; empty: nothing."""
    found = []
    _walk(value, _MODEL.shape_for(shape_name), shape_name, found)
    return found


def _walk(value, shape, path, found):
    if value is None or (value == "" and shape.metadata.get("min") != 0):
        found.append(f"{path} is {value!r}: it should be absent")
    elif shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                _walk(member, shape.members[name], f"{path}.{name}", found)
            elif (shape.name, name) not in _NEWER:
                found.append(f"{path}.{name} is no member of {shape.name}")
            elif not isinstance(member, str) or not member:
                found.append(f"{path}.{name} is {member!r}, no text")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            _walk(item, shape.member, f"{path}[{index}]", found)
    elif shape.type_name != "map":
        wanted = _TYPES[shape.type_name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            found.append(f"{path} is {value!r}, no {shape.type_name}")
        if getattr(shape, "enum", None) and value not in shape.enum:
            found.append(f"{path} is {value!r}, none of {shape.enum}")
