"""What a study is: its specification, its frozen content, its versions and its texts."""
