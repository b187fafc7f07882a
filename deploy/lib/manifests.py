"""Validates Kubernetes manifests against the schemas of kubernetes-validate, strictly: manifests.py FILE [CRD…]

A CRD is a file of KEDA's config/crd/bases; without it its objects are only counted. Exit codes: 0 all valid; 1 not.
"""

import sys

import jsonschema
import kubernetes_validate
import yaml


def definitions(paths):
    """The schema of each version of each custom resource."""
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            crd = yaml.safe_load(file)
        for version in crd["spec"]["versions"]:
            key = f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]
            found[key] = version["schema"]["openAPIV3Schema"]
    return found


def closed(schema):
    """Members that a custom resource's schema does not name are dropped by the server: a slip here, so a fault."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    return made


def main(path, crds):
    custom = definitions(crds)
    with open(path, encoding="utf-8") as file:
        documents = [one for one in yaml.safe_load_all(file) if one]
    faults, unread = 0, 0
    for document in documents:
        name = f"{document['kind']} {document['metadata']['name']}"
        try:
            if "keda.sh" not in document["apiVersion"]:
                kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
            elif schema := custom.get((document["apiVersion"], document["kind"])):
                # The server knows what metadata is.
                schema = closed(schema)
                schema["properties"]["metadata"] = {"type": "object"}
                jsonschema.Draft202012Validator(schema).validate(document)
            else:
                unread += 1
        except (kubernetes_validate.ValidationError, jsonschema.ValidationError) as error:
            faults += 1
            print(f"{name}: {getattr(error, 'message', error)}")
    print(f"{len(documents)} objects, {faults} faults, {unread} without a schema")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
