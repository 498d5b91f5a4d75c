"""Fifty notes as an assistant keeps them, each with a question in its words and one in other words.

Written for these tests; nobody's data.
"""

from __future__ import annotations

from typing import Final

#: (the note, a question that shares words with it, a question that shares hardly any)
NOTES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "The user's dog is a beagle named Biscuit.",
        "what is the name of the beagle",
        "what is my pet called",
    ),
    (
        "Prefers espresso over filter coffee at breakfast.",
        "espresso or filter coffee",
        "what do I like to drink in the morning",
    ),
    (
        "The production database runs PostgreSQL 15 on port 6543.",
        "which port does the production database use",
        "how do I connect to the live SQL server",
    ),
    (
        "Allergic to peanuts and shellfish.",
        "peanuts allergic",
        "which foods must I avoid for medical reasons",
    ),
    (
        "Deployments are frozen every Friday after noon.",
        "when are deployments frozen",
        "may I ship to customers just before the weekend",
    ),
    (
        "The API key rotates on the first day of each month.",
        "when does the API key rotate",
        "how often do the credentials change",
    ),
    (
        "Grew up in Lisbon and moved to Oslo in 2014.",
        "when did I move to Oslo",
        "in which city was my childhood",
    ),
    (
        "The unit tests take four minutes; the integration tests take half an hour.",
        "how long do the integration tests take",
        "what is the slow part of CI",
    ),
    (
        "Uses tabs rather than spaces for indentation in Go code.",
        "tabs or spaces in Go",
        "how should I format source files",
    ),
    (
        "Daughter Ines plays the cello in the youth orchestra.",
        "who plays the cello",
        "which musical instrument does my child practise",
    ),
    (
        "The staging server was renamed from atlas to borealis.",
        "what was the staging server renamed to",
        "where is the pre-release environment hosted now",
    ),
    (
        "Runs ten kilometres along the river on Sundays.",
        "how far do I run on Sundays",
        "what exercise do I do at the weekend",
    ),
    (
        "The invoice from the roofer was 4,200 euros and is paid.",
        "how much was the roofer's invoice",
        "what did fixing the top of the house cost",
    ),
    (
        "Reads science fiction, above all Ursula Le Guin.",
        "Ursula Le Guin science fiction",
        "who is my favourite author",
    ),
    (
        "The payment service retries a failed webhook five times.",
        "how often does the payment service retry a webhook",
        "what happens when a billing callback does not get through",
    ),
    (
        "Passport expires in March 2027.",
        "when does the passport expire",
        "until which date can I travel abroad with my document",
    ),
    (
        "Meeting with the landlord about the heating on 12 January.",
        "meeting with the landlord",
        "appointment concerning the cold flat",
    ),
    (
        "The frontend is written in Svelte and built with Vite.",
        "what is the frontend written in",
        "which JavaScript framework does the user interface use",
    ),
    (
        "Hates horror films and never watches them.",
        "horror films",
        "what kind of cinema should not be suggested",
    ),
    (
        "Wi-Fi at the cabin: network Elkhorn, reset by unplugging for a minute.",
        "Wi-Fi network at the cabin",
        "how do I get online at the holiday house",
    ),
    (
        "Logs are kept for ninety days and then deleted.",
        "how long are logs kept",
        "what is our retention policy for diagnostic output",
    ),
    (
        "Brother Tomas works as a nurse in Porto.",
        "where does Tomas work",
        "what is my sibling's profession",
    ),
    (
        "Learned to sail last summer on Lake Constance.",
        "where did I learn to sail",
        "which water sport have I taken up",
    ),
    (
        "The mobile app crashes on Android 9 when the camera opens.",
        "why does the mobile app crash on Android 9",
        "known bug with taking pictures on old phones",
    ),
    (
        "Vegetarian since university, eats fish at Christmas.",
        "vegetarian since when",
        "can I be served a steak",
    ),
    (
        "Mother's birthday is the third of November.",
        "when is mother's birthday",
        "date to send mum a present",
    ),
    (
        "The team agreed to write commit messages in the imperative.",
        "how to write commit messages",
        "wording convention for git history",
    ),
    (
        "Saving for an electric car; the budget is 30,000.",
        "budget for the electric car",
        "how much money can I spend on a new vehicle",
    ),
    (
        "The cache is Redis with a time to live of one hour.",
        "time to live of the Redis cache",
        "how stale can in-memory results become",
    ),
    (
        "Afraid of flying; takes the train whenever possible.",
        "afraid of flying",
        "how would I rather go to another country",
    ),
    (
        "Bought the green bicycle from a neighbour for 150.",
        "what did the green bicycle cost",
        "price of my two-wheeler",
    ),
    (
        "Speaks Portuguese, English and some Norwegian.",
        "does the user speak Norwegian",
        "which languages do I know",
    ),
    (
        "The nightly backup goes to a bucket in Frankfurt.",
        "where does the nightly backup go",
        "location of the disaster recovery copies",
    ),
    (
        "Broke the left wrist while skiing in 2019.",
        "when did I break my wrist",
        "past injuries",
    ),
    (
        "Wants answers short, with the command first and the reason after.",
        "answers short command first",
        "what style of reply is preferred",
    ),
    (
        "The garden has two apple trees and a fig.",
        "how many apple trees are in the garden",
        "what fruit grows behind my home",
    ),
    (
        "Feature flags live in the file flags.yaml and are read at start.",
        "where do feature flags live",
        "how can functionality be switched on without a release",
    ),
    (
        "Gave a talk on type systems at the Bergen conference.",
        "talk on type systems",
        "what did I present in public",
    ),
    (
        "The dentist is Dr. Halvorsen on Storgata.",
        "who is the dentist",
        "who looks after my teeth",
    ),
    (
        "Anniversary with Petra is on 21 June.",
        "anniversary with Petra",
        "when did I marry",
    ),
    (
        "The monolith will be split: billing first, then search.",
        "what is split from the monolith first",
        "plan for moving to microservices",
    ),
    (
        "Sleeps badly after alcohol and stops drinking at eight.",
        "sleeps badly after alcohol",
        "why no wine late in the evening",
    ),
    (
        "Two-factor codes are in the Aegis app, not in text messages.",
        "which app has the two-factor codes",
        "where do I find the second secret for logging in",
    ),
    (
        "The laptop has 32 GB of memory and a cracked hinge.",
        "how much memory does the laptop have",
        "what is broken about my computer",
    ),
    (
        "Volunteers at the food bank on Wednesday evenings.",
        "when do I volunteer at the food bank",
        "charity work",
    ),
    (
        "Rate limit of the weather service: 60 requests a minute.",
        "rate limit of the weather service",
        "how many forecasts can be fetched before being throttled",
    ),
    (
        "Old Spanish exam notes are in the blue folder.",
        "where are the Spanish exam notes",
        "papers from language school",
    ),
    (
        "Paints watercolours of harbours to relax.",
        "watercolours of harbours",
        "which hobby helps me wind down",
    ),
    (
        "The contract with Nordlys ends on 30 September with three months' notice.",
        "when does the contract with Nordlys end",
        "by when must the supplier agreement be cancelled",
    ),
    (
        "Cousin Rui owes 80 euros for the concert tickets.",
        "how much does Rui owe",
        "who still has to pay me back",
    ),
)
