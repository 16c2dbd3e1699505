"""Local authorities that tables of other years have under another code or in pieces.

The shipped authorities are those of April 2023. Codes: Office for National Statistics, register of
geographic codes, as held in its lookup of districts to counties of April 2021 and, for Barnsley and
Sheffield, of local authorities to combined authorities of May 2025.
"""

from gainsmodel.data.dataset import plain

# The same authority under another code.
RECODED = {
    "E08000038": "E08000016",
    "E08000039": "E08000019",
}
# Authority to the districts it was made of, each with its code.
MERGED = {
    "E06000060": {
        "E07000004": "Aylesbury Vale",
        "E07000005": "Chiltern",
        "E07000006": "South Bucks",
        "E07000007": "Wycombe",
    },
    "E06000061": {
        "E07000150": "Corby",
        "E07000152": "East Northamptonshire",
        "E07000153": "Kettering",
        "E07000156": "Wellingborough",
    },
    "E06000062": {
        "E07000151": "Daventry",
        "E07000154": "Northampton",
        "E07000155": "South Northamptonshire",
    },
    "E06000063": {
        "E07000026": "Allerdale",
        "E07000028": "Carlisle",
        "E07000029": "Copeland",
    },
    "E06000064": {
        "E07000027": "Barrow-in-Furness",
        "E07000030": "Eden",
        "E07000031": "South Lakeland",
    },
    "E06000065": {
        "E07000163": "Craven",
        "E07000164": "Hambleton",
        "E07000165": "Harrogate",
        "E07000166": "Richmondshire",
        "E07000167": "Ryedale",
        "E07000168": "Scarborough",
        "E07000169": "Selby",
    },
    "E06000066": {
        "E07000187": "Mendip",
        "E07000188": "Sedgemoor",
        "E07000189": "South Somerset",
        "E07000246": "Somerset West and Taunton",
    },
}
# Every way of saying a former district, to its code and to that of the authority it is part of now.
FORMER = {
    plain(spoken): (code, now)
    for now, districts in MERGED.items()
    for code, name in districts.items()
    for spoken in (code, name)
}
