/// English words that people put around a question without changing what they ask.
enum EnglishPhrases {
    /// Words of one use, some before and some after a question.
    struct Group: Sendable {
        let phrases: [UtteranceText.Phrase]

        init(before: [String], after: [String]) {
            phrases = before.map { .before($0) } + after.map { .after($0) }
        }

        /// Every fourth phrase is kept from training.
        func known(to audience: UtteranceVariation.Audience) -> [UtteranceText.Phrase] {
            if audience == .robust { return phrases }
            return phrases.enumerated().filter { $0.offset % 4 != 3 }.map(\.element)
        }
    }

    static let polite = Group(
        before: [
            "please", "could you", "could you please", "would you mind and", "can you", "can you please", "would you",
            "would you please", "hey, could you", "kindly", "hi, please", "be so kind and",
        ],
        after: [
            "please", "thanks", "thank you", "please and thanks", "if you can", "would you", "for me please",
            "thank you so much",
            "for me", "if that is okay", "many thanks", "when you have a moment",
        ])

    static let fillers = Group(
        before: [
            "um", "uh", "so", "okay so", "well", "hmm", "hey", "er", "right", "okay", "oh", "listen", "ah yes", "alright",
            "like",
            "you know what",
        ],
        after: ["now", "okay", "right now", "then", "you know", "um", "yeah", "real quick"])

    /// Long forms and their contractions, each a word or two of small letters.
    static let contractions: [(long: String, short: String)] = [
        ("what is", "what's"), ("where is", "where's"), ("who is", "who's"), ("how is", "how's"), ("it is", "it's"),
        ("that is", "that's"), ("there is", "there's"), ("i am", "i'm"), ("i will", "i'll"), ("i would", "i'd"),
        ("i have", "i've"), ("we are", "we're"), ("we have", "we've"), ("you are", "you're"), ("do not", "don't"),
        ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"), ("can not", "can't"),
        ("cannot", "can't"), ("will not", "won't"), ("would not", "wouldn't"), ("should not", "shouldn't"),
        ("could not", "couldn't"), ("let us", "let's"), ("going to", "gonna"), ("want to", "wanna"),
    ]
}
