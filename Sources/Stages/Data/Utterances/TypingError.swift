/// One slip of the fingers in a word of letters.
enum TypingError: CaseIterable {
    /// Two letters change places.
    case swapped
    case doubled
    case leftOut
    /// The key beside the right one.
    case neighbour

    /// Shorter words become other words too easily.
    static let shortestWord = 4

    /// The letters beside each one on an English keyboard.
    private static let neighbours: [Character: String] = [
        "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl", "p": "ol",
        "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn", "j": "hukm", "k": "jil", "l": "kop",
        "z": "asx", "x": "zsdc", "c": "xdfv", "v": "cfgb", "b": "vghn", "n": "bhjm", "m": "njk",
    ]

    /// The word with the slip; the first letter stays, as it mostly does.
    func applied(to word: [Character], _ random: inout RowRandom) -> [Character] {
        var word = word
        let place = 1 + random.index(below: word.count - 1)
        switch self {
        case .swapped:
            let first = min(place, word.count - 2)
            word.swapAt(first, first + 1)
        case .doubled: word.insert(word[place], at: place)
        case .leftOut: word.remove(at: place)
        case .neighbour:
            guard let keys = Self.neighbours[word[place]], let key = random.element(of: Array(keys)) else { break }
            word[place] = key
        }
        return word
    }
}

extension UtteranceText {
    private struct Word {
        var piece: Int
        var range: Range<Int>
    }

    /// Mistypes one word, in a long question sometimes two.
    mutating func mistype(_ random: inout RowRandom) {
        let errors = text.count > 40 && random.unit() < 0.3 ? 2 : 1
        for _ in 0..<errors {
            guard let word = random.element(of: words) else { return }
            let characters = Array(pieces[word.piece].text)
            let error = random.element(of: TypingError.allCases) ?? .doubled
            let mistyped = error.applied(to: Array(characters[word.range]), &random)
            let text = String(characters[..<word.range.lowerBound] + mistyped + characters[word.range.upperBound...])
            if isReadable(text, pieces[word.piece]) { pieces[word.piece].text = text }
        }
    }

    /// Words of letters alone that may be mistyped.
    private var words: [Word] {
        pieces.indices.flatMap { piece -> [Word] in
            switch pieces[piece].freedom {
            case .fixed, .anyCase: return []
            case .free, .listed: break
            }
            let characters = Array(pieces[piece].text)
            return characters.runs(where: \.isWordCharacter)
                .filter { $0.count >= TypingError.shortestWord && characters[$0].allSatisfy(\.isLetter) }
                .map { Word(piece: piece, range: $0) }
        }
    }

    /// Whether a mistyped value of a list is nearer to itself than to any other one.
    private func isReadable(_ text: String, _ piece: Piece) -> Bool {
        guard case .listed(let others) = piece.freedom else { return true }
        let own = EditDistance.between(text, piece.text)
        return others.allSatisfy { EditDistance.between(text, $0) > own + 1 }
    }
}

/// How many letters are put in, left out or exchanged between two texts (Levenshtein).
enum EditDistance {
    static func between(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first.lowercased()), Array(second.lowercased()))
        var row = Array(0...second.count)
        for (line, character) in first.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in second.enumerated() {
                let cost = min(row[column + 1] + 1, row[column] + 1, diagonal + (character == other ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = cost
            }
        }
        return row[second.count]
    }
}

extension [Character] {
    /// The longest runs of characters of one sort.
    fileprivate func runs(where belongs: (Character) -> Bool) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start: Int?
        for (place, character) in enumerated() {
            if belongs(character) {
                start = start ?? place
            } else if let first = start {
                runs.append(first..<place)
                start = nil
            }
        }
        if let start { runs.append(start..<count) }
        return runs
    }
}
