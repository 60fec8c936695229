"""Names of labels lead to tissues of the library and to roles; the longest fit wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_ablate.errors import SceneError
from gpu_ablate.library.load import tissue
from gpu_ablate.planning.names import FALLBACK, meaning, read_names, table
from gpu_ablate.scene.body import ROLES


def test_every_entry_names_a_tissue_and_a_role_that_exist() -> None:
    for found in table().values():
        assert tissue(found.tissue).phase in ("body", "fluid", "gas")
        assert found.role in ROLES


@pytest.mark.parametrize(
    ("name", "tissue_name", "role"),
    [
        ("portal_vein_and_splenic_vein", "blood", "vessel"),
        ("iliac_vena_left", "blood", "vessel"),
        ("inferior_vena_cava", "blood", "vessel"),
        ("spinal_cord", "spinal_cord", "nerve"),
        ("vertebrae_T12", "cancellous_bone", "tissue"),
        ("L3", "cancellous_bone", "tissue"),
        ("costal_cartilages", "cartilage", "tissue"),
        ("autochthon_left", "muscle", "tissue"),
        ("iliopsoas_right", "muscle", "tissue"),
        ("small_bowel", "bowel", "risk"),
        ("urinary_bladder", "urinary_bladder", "risk"),
        ("lung_lower_lobe_right", "lung", "tissue"),
        ("cortical bone (ilium, ischium, pubis)", "cortical_bone", "tissue"),
        ("Trabecular Bone", "cancellous_bone", "tissue"),
        ("fibroglandular", "breast_gland", "tissue"),
        ("hepatic veins with IVC", "blood", "vessel"),
        ("gastric vein", "blood", "vessel"),
        ("stomach", "stomach", "risk"),
    ],
)
def test_names_of_segmentations(name: str, tissue_name: str, role: str) -> None:
    assert (meaning(name).tissue, meaning(name).role) == (tissue_name, role)


@pytest.mark.parametrize("name", ["Liver Tumor", "metastasis_2", "HCC", "bone lesion", "tumour"])
def test_names_of_tumours_are_targets(name: str) -> None:
    assert meaning(name).role == "target"


@pytest.mark.parametrize("name", ["liverwort", "chip", "label 7", "unheard"])
def test_a_word_that_only_holds_a_name_is_unknown(name: str) -> None:
    """Whole words fit: "chip" is no hip."""
    assert meaning(name).tissue == FALLBACK
    assert meaning(name).note.startswith("CHECK")


def test_names_are_read_with_and_without_a_header(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    for head in ("value,name\n", "id,name\n", ""):
        file.write_text(f'{head}0,air\n7,"skin, parametric"\n')
        assert read_names(file) == {0: "air", 7: "skin, parametric"}


@pytest.mark.parametrize("text", ["", "air\nskin\n", "name,value\nair,0\n"])
def test_a_file_without_values_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "names.csv"
    file.write_text(text)
    with pytest.raises(SceneError, match="value,name"):
        read_names(file)
