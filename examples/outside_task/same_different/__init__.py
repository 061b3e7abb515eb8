"""The task "same or different": two images, and two answers."""

from typing import Literal

from pydantic import Field

from diptych.policies import Candidate
from diptych.study.faults import Fault
from diptych.tasks import PlannedTrial, Task, TaskParameters, TaskResponse, draw
from diptych.tasks.items import ItemLayout, Role


class Parameters(TaskParameters):
    show_score: bool = Field(True, description="Whether the debrief shows the score.")


class Response(TaskResponse):
    choice: Literal["same", "different"]


class SameDifferent(Task):
    """Two images: participants say whether they belong to the same class."""

    name = "same_different"
    phases = ("test",)
    Parameters = Parameters
    Response = Response
    items = ItemLayout((Role("left", "left", single=True), Role("right", "right", single=True)))
    observers = "same_different.observers"
    plugin = "same_different:browser/same_different.js"
    figures = ("same_different.figures:Shares",)

    def faults(self, policy, policy_key):
        if self.content.spec.items is None:
            yield Fault("study.toml", "items", "nothing", "a table [items] with the manifest")
        for item in self.content.items.values():
            if item.attributes.get("answer") not in ("same", "different"):
                yield Fault("items.csv", f"{item.item_id}, answer", "another", "same or different")
        for message in policy.faults(self._pool(), self.content.spec.trials("test")):
            yield Fault("study.toml", policy_key, message, "a policy that fits the items")

    def _pool(self):
        return [Candidate(item.item_id, item.kind) for item in self.content.items.values()]

    def plan(self, policy, rng):
        drawn = draw(self._pool(), self.content.spec.trials("test"), "test", policy, [], rng)
        return [PlannedTrial("test", {"item": each.id}) for each in drawn]

    def _item(self, trial):
        return self.content.items[trial.item["item"]]

    def places(self, trial):
        return [self._item(trial).stimuli[side][0] for side in ("left", "right")]

    def show(self, trial, seed, image, tally):
        left, right = self.places(trial)
        return {"left": image(left), "right": image(right)}

    def check(self, trial, response):
        """Every well-formed response is an answer."""

    def score(self, trial, response):
        return response.choice == self._item(trial).attributes["answer"]

    def feedback(self, trial, response):
        return None

    def chance(self):
        return 0.5

    def describe(self, trial):
        item = self._item(trial)
        return {"item_id": item.item_id, "stimulus_id": None, "label": item.attributes["answer"]}

    def tabulate(self, trial, response):
        return {"response": response.choice}
