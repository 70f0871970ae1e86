from saddle.config.message import sentence_of


def test_hydras_own_words_become_one_sentence():
    text = "In 'train': Could not find 'loss/x'\n\nAvailable options in 'loss':\n\ta\n\tb\nConfig search path:\n\tc"
    assert sentence_of(text) == "loss=x: there is no such option; choose one of a, b"
    text = "Missing mandatory value: width\n    full_key: data.width\n    object_type=dict"
    assert sentence_of(text) == "data.width is missing: it has no default"
    assert sentence_of("One.\n\n  Two.\nThree.") == "One. Two."


def test_what_only_hydra_can_resolve_is_a_value():
    text = "Could not override 'callback.samples.folder.x'."
    assert sentence_of(text).endswith("callback.samples.folder is a value, there are no settings below it")


def test_an_unknown_setting_is_compared_with_those_of_the_chosen_group():
    text = "Could not override 'data.spli'.\nTo append to your config use +data.spli=x"
    assert sentence_of(text, ["data=emnist", "data.spli=x"]).endswith("did you mean data.split?")
    assert "data.split" not in sentence_of(text, ["data.spli=x"])
    assert "data.split" not in sentence_of(text, ["data=nothing", "data.spli=x"])
