"""Use a deployment of your own: models, a response, token counts.

Needs TENSORMESH_INFERENCE_API_KEY, TENSORMESH_ON_DEMAND_BASE_URL and
TENSORMESH_ON_DEMAND_USER_ID.
"""

from __future__ import annotations

from tensormesh import Tensormesh


def main() -> None:
    """Take the first model that is served, and ask it."""
    with Tensormesh() as client:
        host = client.inference.on_demand
        models = host.models.list().data
        if not models:
            raise SystemExit("no model is served: deploy one first")
        model = models[0].id
        prompt = "Count to five."
        print(f"{model}: {host.tokenize.create(model=model, prompt=prompt).count} tokens")
        with host.responses.create(model=model, input=prompt, stream=True) as stream:
            for text in stream.text_deltas():
                print(text, end="", flush=True)
        print()


if __name__ == "__main__":
    main()
