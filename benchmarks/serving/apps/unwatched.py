"""`newsdesk serve` that counts nothing and remembers nothing: what watching costs is measured against it."""

import sys

from newsdesk.config.settings import load_settings
from newsdesk.monitoring import api_metrics
from newsdesk.serving import server_state
from newsdesk.serving.server import ListenOptions, run


class Nothing:
    """A metric that is not kept."""

    def labels(self, *_: object) -> "Nothing":
        return self

    def inc(self, *_: object) -> None: ...

    def dec(self, *_: object) -> None: ...

    def observe(self, *_: object) -> None: ...


class NoMetrics(api_metrics.ApiMetrics):
    def __init__(self) -> None:
        super().__init__()
        for name, value in vars(self).items():
            if name != "registry" and value is not None:
                setattr(self, name, Nothing())


class NoSampler:
    def __init__(self, *_: object) -> None: ...

    async def sample(self, _model: object, texts: list[str]) -> list[None]:
        return [None] * len(texts)


server_state.ApiMetrics = NoMetrics  # type: ignore[misc]
server_state.PredictionService.__init__.__globals__["Sampler"] = NoSampler
sys.exit(run(load_settings(), ListenOptions("127.0.0.1", int(sys.argv[1]), may_wait=False)))
