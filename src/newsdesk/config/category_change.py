"""`training_pipeline.on_category_change`: what becomes of a new model whose categories are not the champion's."""

from typing import Literal

from newsdesk.config.model_config import FrozenModel

CategoryAction = Literal["promote", "ask", "refuse"]


class OnCategoryChange(FrozenModel):
    """`promote`: the gate decides as usual. `ask`: what the gate would promote waits until a person says yes."""

    added: CategoryAction = "promote"
    lost: CategoryAction = "ask"
    disjoint: CategoryAction = "refuse"

    def with_yes(self) -> "OnCategoryChange":
        """The same once a person has said yes."""
        return OnCategoryChange(**{name: "promote" if action == "ask" else action for name, action in self})
