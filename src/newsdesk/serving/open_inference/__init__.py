"""The Open Inference Protocol, version 2: what it says, and how texts and answers become its tensors.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""
