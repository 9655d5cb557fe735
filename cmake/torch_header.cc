// Carries the precompiled header that every Torch target re-uses.
