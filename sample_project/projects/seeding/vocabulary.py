"""The words that the sample rows are written with."""


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = words(
    "Ada Amara Anders Bruno Carmen Chen Dalia Diego Elif Emeka Farid Freya Giulia Hana Hugo Ines"
    " Ivan Jana Joao Kaja Kenji Lars Leila Lucia Marek Maya Mina Nadia Noor Olga Omar Paula Priya"
    " Rafael Rosa Samir Sofia Tomas Yara Zoe"
)
LAST_NAMES = words(
    "Abebe Adams Almeida Andersen Bauer Becker Castro Costa Demir Duarte Eriksen Fischer Garcia"
    " Haddad Hansen Ibrahim Ito Jansen Kaya Keller Kim Kowalski Larsen Lopez Martin Mbeki Meyer"
    " Moreau Nakamura Novak Okafor Olsen Park Patel Pereira Petrov Rossi Santos Sato Schmidt Silva"
    " Singh Sousa Tanaka Torres Varga Weber Wong Yilmaz Zhang"
)
JOB_TITLES = (
    "Backend developer",
    "Frontend developer",
    "Product manager",
    "Designer",
    "Data analyst",
    "Support engineer",
    "Operations lead",
    "QA engineer",
)
CITIES = ("Lisbon", "Nairobi", "Osaka", "Berlin", "Toronto", "Recife", "Oslo", "Pune", "")
TIME_ZONES = ("UTC", "Europe/Lisbon", "Africa/Nairobi", "Asia/Tokyo", "America/Toronto")

TAGS = words(
    "bug feature docs backend frontend database security performance design research mobile api"
    " infrastructure testing billing onboarding search email legal accessibility translation"
    " analytics support release refactoring integration monitoring migration cleanup urgent"
    " blocked-externally good-first-task needs-review customer internal experiment hardware"
    " training hiring finance"
)
COLOURS = ("#1d4ed8", "#b91c1c", "#15803d", "#a16207", "#7e22ce", "#0e7490", "#64748b")

PROJECT_ADJECTIVES = words(
    "Northern Quiet Rapid Open Second Bright Central Lean Global Hidden Modular Steady"
)
PROJECT_NOUNS = words(
    "Checkout Warehouse Portal Ledger Campaign Gateway Archive Newsletter Directory Scheduler"
    " Inventory Dashboard Importer Helpdesk Storefront Payroll"
)
PROJECT_KINDS = ("rewrite", "launch", "migration", "pilot", "upgrade", "clean-up", "redesign")

TASK_VERBS = words(
    "Add Fix Document Remove Test Speed-up Review Rename Translate Measure Simplify Plan Split"
    " Replace Investigate"
)
TASK_THINGS = (
    "the login form",
    "the export",
    "invoice totals",
    "search results",
    "the nightly import",
    "password reset",
    "the sign-up email",
    "rate limits",
    "the mobile menu",
    "address validation",
    "the audit log",
    "error messages",
    "the payment webhook",
    "time zone handling",
    "the settings page",
    "image uploads",
    "the report for finance",
    "access rights",
)
TASK_PLACES = (
    "",
    "on staging",
    "for new customers",
    "in the admin",
    "before the release",
    "for the API",
    "on small screens",
    "after the migration",
)
SENTENCES = (
    "Reported twice this week by different customers.",
    "The current behaviour dates from the first version and nobody relies on it.",
    "See the notes of the last planning meeting.",
    "It should keep working for accounts created before the change.",
    "Steps to reproduce are in the linked conversation.",
    "A short note in the changelog is enough.",
    "We agreed to ship the small version first and to look at the numbers after a week.",
    "Please check the Portuguese and the Turkish text as well.",
    "This blocks the next release.",
    "Ask the support team before closing.",
)
REMARKS = (
    "Looks good to me.",
    "I can take this one tomorrow.",
    "Done on my side, please check.",
    "Could you add a test for the empty case?",
    "This came up again today.",
    "Waiting for an answer from the customer.",
    "Deployed to staging.",
    "Not reproducible here, which browser was it?",
    "Closing, we can reopen it when needed.",
)
