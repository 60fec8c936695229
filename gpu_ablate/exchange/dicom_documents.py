"""The report and the pictures of a run as DICOM: an encapsulated PDF (PS3.3 A.45.1), secondary captures (A.8.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.dicom_headers import (
    CHARACTERS,
    EXPLICIT,
    SERIES_NUMBERS,
    equipment,
    highdicom_module,
    marked,
    new_uid,
    unwarned,
)

PDF_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"
CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7"


def document(pdf: bytes, header: Any, content: Content) -> Any:
    """An encapsulated PDF that belongs to the patient and study of a header."""
    made = _begun(PDF_CLASS, "DOC", 1, new_uid(), "gpu-ablate: report", header)
    made.ConversionType = "WSD"
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"
    made.DocumentTitle = "Simulated ablation: report"
    made.ConceptNameCodeSequence = []
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocumentLength = len(pdf)
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return marked(made, content)


def capture(picture: Path, number: int, series: str, header: Any, content: Content) -> Any:
    """A secondary capture of a picture, number from 1 in a series, of the patient and study of a header."""
    with Image.open(picture) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    made = _begun(CAPTURE_CLASS, "OT", number, series, "gpu-ablate: pictures", header)
    made.ConversionType = "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.PatientOrientation = made.Laterality = ""
    made.BurnedInAnnotation = "YES"
    made.ImageComments = picture.stem
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    made.Rows, made.Columns = pixels.shape[:2]
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.LossyImageCompression = "00"
    packed = pixels.tobytes()
    made.PixelData = packed + b"\0" * (len(packed) % 2)
    made["PixelData"].VR = "OB"
    return marked(made, content)


def _begun(sop_class: str, modality: str, number: int, series: str, described: str, header: Any) -> Any:
    """A file with patient, study, series and equipment."""
    highdicom = highdicom_module()
    with unwarned():
        made = highdicom.base.SOPClass(
            study_instance_uid=header.StudyInstanceUID,
            series_instance_uid=series,
            series_number=SERIES_NUMBERS[modality],
            sop_instance_uid=new_uid(),
            sop_class_uid=sop_class,
            instance_number=number,
            modality=modality,
            transfer_syntax_uid=EXPLICIT,
            patient_id=header.PatientID,
            patient_name=header.PatientName,
            patient_birth_date=header.PatientBirthDate,
            patient_sex=header.PatientSex,
            study_id=header.StudyID,
            accession_number=header.AccessionNumber,
            study_date=header.StudyDate,
            study_time=header.StudyTime,
            referring_physician_name=header.ReferringPhysicianName,
            series_description=described,
            **equipment(),
        )
        made.copy_patient_and_study_information(header)
    made.SpecificCharacterSet = CHARACTERS
    return made
