"""A YAML parser that reads numbers as YAML 1.2 does and rejects repeated keys."""

import re
from collections import Counter
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, in which `1e-3` is a text; YAML 1.2, and everybody else, takes it for a number. Of a key
    that is given twice it takes the last value in silence, which YAML forbids."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raises `yaml.constructor.ConstructorError` where a key is given twice."""
        counts = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for key, _ in node.value:
            if counts[key.value if isinstance(key, yaml.ScalarNode) else None] > 1:
                problem = f"the key '{key.value}' is given {counts[key.value]} times in one section"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    character: [*resolvers] for character, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def parse_yaml(content: str) -> Any:
    """What a YAML document says, in plain values. Raises `yaml.YAMLError`."""
    return yaml.load(content, Loader=_Loader)  # noqa: S506 - a safe loader
