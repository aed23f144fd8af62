"""One scikit-learn pipeline for each tenant of a JSON file, saved with joblib: what peers serve.

Run in the environment of a peer, so that what is saved fits what loads it.
"""

import json
import sys
from pathlib import Path

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def main() -> None:
    """Train all tenants of the first argument's file into the second argument's folder."""
    tenants = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (texts, labels) in tenants.items():
        pipeline = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=30)
        )
        joblib.dump(pipeline.fit(texts, labels), folder / f"{name}.joblib")


if __name__ == "__main__":
    main()
