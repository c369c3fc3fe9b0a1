"""What tests share: builders of repositories, runners of programs, independent readers."""
