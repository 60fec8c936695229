"""The closed-form cases that anyone can compute on their own machine: `gpu-ablate verify`."""
