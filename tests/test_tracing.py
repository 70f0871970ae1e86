from saddle.tracing import is_traced, tracing


def test_code_is_traced_inside_only():
    assert not is_traced()
    with tracing():
        assert is_traced()
        with tracing():
            assert is_traced()
        assert is_traced()
    assert not is_traced()
