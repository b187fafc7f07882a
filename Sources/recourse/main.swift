// The entry point comes with the worker runtime.
