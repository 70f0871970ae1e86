from helpers import REPOSITORY
from saddle.config.location import config_folder


def test_the_config_lies_beside_the_sources():
    assert config_folder() == str(REPOSITORY / "conf")
