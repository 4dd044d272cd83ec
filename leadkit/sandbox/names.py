"""Small tables that invented people and companies are put together from.

Every person, company, address and number that comes out of them is invented. Domains end in ``.example`` or
``.example.com`` (RFC 2606), and telephone numbers come from blocks that regulators keep for fiction, or, where
a country keeps none, have a subscriber number of zeros that nobody can be given.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its names, places, legal forms and telephone numbers (``#`` stands for a digit)."""

    code: str
    name: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    places: tuple[tuple[str, str | None], ...]  # (city, state)
    legal_forms: tuple[str, ...]
    mobile: str
    landline: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _cities(text: str) -> tuple[tuple[str, None], ...]:
    return tuple((city, None) for city in text.split(","))


_US_PLACES = (
    ("San Francisco", "California"),
    ("Sacramento", "California"),
    ("Austin", "Texas"),
    ("Houston", "Texas"),
    ("Albany", "New York"),
    ("Columbus", "Ohio"),
    ("Portland", "Oregon"),
    ("Boulder", "Colorado"),
    ("Madison", "Wisconsin"),
    ("Richmond", "Virginia"),
)

COUNTRIES = (
    Country(
        "US",
        "United States",
        _words("Sarah Marcus Denise Tyler Priya Jordan Alicia Wesley Carmen Grant Leilani Omar Beth Hollis"),
        _words(
            "Mitchell Okafor Delgado Brandt Whitlow Nguyen-Hale Castellan Pruitt Yazzie Lindqvist Moreau Tam"
        ),
        _US_PLACES,
        ("Inc.", "LLC", "Corp"),
        "+141555501##",
        "+151255501##",
    ),
    Country(
        "GB",
        "United Kingdom",
        _words(
            "Oliver Imogen Rhys Fiona Alasdair Priti Gareth Niamh Tobias Harriet Callum Saoirse Edmund Zara"
        ),
        _words(
            "Ashdown Pemberley Llewelyn MacAskill Oyelaran Thistlewood Kaur Whitcombe O'Leary Fairweather Smythe"
        ),
        _cities("London,Leeds,Bristol,Cardiff,Glasgow,Norwich,Exeter"),
        ("Ltd", "plc", "LLP"),
        "+447700900###",
        "+442079460###",
    ),
    Country(
        "DE",
        "Germany",
        _words(
            "Jürgen Annegret Björn Käthe Lukas Hans-Peter Sören Ulrike Matthias Anneliese Gülay Götz Dörte Jens"
        ),
        _words(
            "Müller-Lüdenscheid Grünwald Weißenfels Köhlbrand Öztürk Schäferling Hagenbeck von-Ahlen Brückner Groß"
        ),
        _cities("Köln,Lübeck,Nürnberg,Görlitz,Münster,Kassel,Saarbrücken"),
        ("GmbH", "AG", "GmbH & Co. KG"),
        "+491713920###",
        "+493023125###",
    ),
    Country(
        "AT",
        "Austria",
        _words("Franz-Xaver Brigitte Stefan Leopold Theresia Günther Magdalena"),
        _words("Hölzlsauer Zwettler Obermayr Stanglhofer Kärntner Pühringer"),
        _cities("Wien,Graz,Linz,St. Pölten"),
        ("GmbH", "OG"),
        "+430000000###",
        "+430000001###",
    ),
    Country(
        "CH",
        "Switzerland",
        _words("Urs Reto Heidi Luca Aurélie Beat Seraina"),
        _words("Zbinden Ruegsegger Favre-Brandon Caduff Bernasconi Wüthrich"),
        _cities("Zürich,Bern,Genève,Lugano"),
        ("AG", "Sàrl"),
        "+410000000##",
        "+410000001##",
    ),
    Country(
        "FR",
        "France",
        _words("Jean-Luc Élodie François Maëlle Gaëtan Anne-Sophie Benoît Chloé Rémi Zoé Océane Cédric"),
        _words("Lefèvre Beauchêne D'Aubigny Garçon Hébrard Saint-Clair Pâquet Noëlle-Roux Guérin"),
        _cities("Lyon,Nantes,Besançon,Saint-Étienne,Orléans,Angoulême"),
        ("SARL", "SAS", "SA"),
        "+33639980###",
        "+33199000###",
    ),
    Country(
        "ES",
        "Spain",
        _words("Íñigo Begoña José-María Lucía Martín Concepción Ángel Núria"),
        _words("Núñez-Cortés Ibáñez Etxeberría Peñalver Muñoz Arístegui"),
        _cities("Bilbao,Málaga,Logroño,A Coruña"),
        ("S.L.", "S.A."),
        "+34000000###",
        "+34000001###",
    ),
    Country(
        "SE",
        "Sweden",
        _words("Åsa Göran Linnéa Östen Maja Nils-Erik Birgitta Håkan"),
        _words("Sjöström Åkerblom Lindqvist Hägglund Nordenfält Öberg"),
        _cities("Malmö,Göteborg,Umeå,Örebro"),
        ("AB",),
        "+46701740###",
        "+468465004##",
    ),
    Country(
        "DK",
        "Denmark",
        _words("Søren Bjørk Mette Jørgen Freja Rasmus Åse"),
        _words("Østergård Kjærsgaard Bøgh-Andersen Nørregaard Skovbo"),
        _cities("Aarhus,Helsingør,Rødovre"),
        ("ApS", "A/S"),
        "+45000000##",
        "+45000001##",
    ),
    Country(
        "PL",
        "Poland",
        _words("Łukasz Małgorzata Zbigniew Agnieszka Paweł Żaneta Krzysztof"),
        _words("Wiśniewska-Nowak Gołąb Święcicki Żurawski Łozowska Krzemień"),
        _cities("Kraków,Łódź,Gdańsk,Poznań"),
        ("Sp. z o.o.", "S.A."),
        "+48000000###",
        "+48000001###",
    ),
    Country(
        "IE",
        "Ireland",
        _words("Aoife Seán Caoimhe Diarmuid Róisín Eoghan Siobhán"),
        _words("O'Ceallaigh Ní-Bhriain MacGiolla Ó-Faoláin Fitzsimmons"),
        _cities("Cork,Galway,Limerick"),
        ("Ltd", "DAC"),
        "+353209150###",
        "+353209151###",
    ),
)

#: How many of 100 people live in each country, in the order of COUNTRIES.
COUNTRY_WEIGHTS = (24, 18, 20, 4, 4, 10, 5, 5, 3, 4, 3)

COMPANY_FIRST_WORDS = _words(
    "Harbour Kestrel Lantern Juniper Nordlicht Bernstein Fjord Tramontane Marzipan Saffron Quill Heron Tamarack "
    "Copperleaf Moonstone Wattle Bramble Orchard Silberfisch Papillon Grönland Kompass Larkspur Meridian-West "
    "Otterbein Pfefferkorn Rosewater Sandpiper Thimble Umbra Vogelsang Windrose Yarrow Zephyrine Almendra Brisa "
    "Cirrus Dovetail Ember Foxglove Gingko Hazelnut Isobar Jasmin Klabautermann Lodestar Myrtle Nimbus Ochre "
    "Pumpernickel Quartzite Rapunzel Sundial Turnstone Undertow Verbena Wombat Xylo Yonder Zwieback"
)


@dataclass(frozen=True, slots=True)
class Sector:
    """A broad sector, its granular industries, and what its companies call themselves."""

    name: str
    industries: tuple[str, ...]
    company_words: tuple[str, ...]


SECTORS = (
    Sector(
        "Technology",
        ("Software & SaaS", "IT Services", "Cybersecurity", "Data & Analytics", "Semiconductors"),
        ("Analytics", "Software", "Systems", "Cloudworks", "Datenwerk"),
    ),
    Sector(
        "Manufacturing",
        ("Machinery", "Electronics", "Packaging", "Automotive Parts", "Tools"),
        ("Maschinenbau", "Werkzeuge", "Engineering", "Packaging", "Motion"),
    ),
    Sector(
        "Healthcare",
        ("Medical Devices", "Hospitals & Clinics", "Diagnostics", "Pharmaceuticals"),
        ("Medical", "Diagnostics", "Care", "Therapeutics"),
    ),
    Sector(
        "Finance",
        ("Insurance", "Banking", "Asset Management", "Payments"),
        ("Insurance", "Capital", "Payments", "Treuhand"),
    ),
    Sector(
        "Retail",
        ("Grocery", "Fashion", "E-commerce", "Home & Garden"),
        ("Foods", "Outfitters", "Market", "Gartenbedarf"),
    ),
    Sector(
        "Logistics",
        ("Freight", "Warehousing", "Courier Services", "Shipping"),
        ("Logistik", "Cargo", "Shipping", "Courier"),
    ),
    Sector(
        "Energy",
        ("Solar", "Wind", "Utilities", "Energy Storage"),
        ("Solar", "Wind", "Energy", "Storage"),
    ),
    Sector(
        "Professional Services",
        ("Consulting", "Legal Services", "Accounting", "Recruiting"),
        ("Consulting", "Advisory", "Conseil", "Partners"),
    ),
)

#: (bracket, fewest employees, most employees)
COMPANY_SIZES = (
    ("1-10", 1, 10),
    ("11-50", 11, 50),
    ("51-200", 51, 200),
    ("201-500", 201, 500),
    ("501-1000", 501, 1000),
    ("1001-5000", 1001, 5000),
    ("5001-10000", 5001, 10000),
    ("10001+", 10001, 60000),
)
COMPANY_SIZE_WEIGHTS = (10, 22, 28, 16, 10, 9, 3, 2)

#: Yearly revenue in US dollars, one range for each company size.
REVENUE_RANGES = ("0-1M", "1M-10M", "10M-50M", "50M-100M", "100M-250M", "250M-1B", "1B-5B", "5B+")


def revenue_usd(text: str) -> tuple[int, int | None]:
    """``10M-50M`` → its ends in US dollars; the highest range has no upper one."""
    least, _, most = text.rstrip("+").partition("-")
    return _dollars(least), _dollars(most) if most else None


def _dollars(text: str) -> int:
    return int(text.rstrip("MB")) * {"M": 10**6, "B": 10**9}.get(text[-1], 1)


JOB_LEVELS = ("C-Level", "VP", "Director", "Manager", "Senior", "Entry")
JOB_LEVEL_WEIGHTS = (7, 8, 16, 25, 25, 19)

#: Department → one title for each job level.
JOB_TITLES = {
    "Engineering": (
        "Chief Technology Officer",
        "VP Engineering",
        "Director of Engineering",
        "Engineering Manager",
        "Senior Software Engineer",
        "Software Engineer",
    ),
    "Sales": (
        "Chief Revenue Officer",
        "VP Sales",
        "Sales Director",
        "Sales Manager",
        "Senior Account Executive",
        "Sales Development Representative",
    ),
    "Marketing": (
        "Chief Marketing Officer",
        "VP Marketing",
        "Director of Demand Generation",
        "Marketing Manager",
        "Senior Content Strategist",
        "Marketing Assistant",
    ),
    "Finance": (
        "Chief Financial Officer",
        "VP Finance",
        "Finance Director",
        "Controller",
        "Senior Accountant",
        "Accounts Payable Clerk",
    ),
    "Operations": (
        "Chief Operating Officer",
        "VP Operations",
        "Head of Supply Chain",
        "Plant Manager",
        "Senior Buyer",
        "Logistics Coordinator",
    ),
    "Human Resources": (
        "Chief People Officer",
        "VP People",
        "HR Director",
        "HR Manager",
        "Senior Recruiter",
        "People Assistant",
    ),
    "IT": (
        "Chief Information Officer",
        "VP Information Technology",
        "IT Director",
        "IT Manager",
        "Senior System Administrator",
        "IT Support Specialist",
    ),
}
