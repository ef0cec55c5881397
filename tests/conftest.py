from hypothesis import settings

# Hypothesis' own profile for continuous integration: the same examples in every run and no
# deadlines, so that a busy machine fails no test.
settings.load_profile("ci")
