import CanonicalJSON

/// A linear layer on an encoder's states that scores labels: logits = W·state + b.
package struct EncoderHead: Hashable, Sendable {
    /// The states that a head reads.
    package enum Reading: String, Hashable, Sendable, CaseIterable {
        /// That of the begin token, which stands for the text.
        case text
        /// That of every token.
        case tokens
    }

    package let name: String
    package let reading: Reading
    package let labels: [String]
    /// Whether one label alone is right: a softmax over the labels; a logistic function of each otherwise.
    package let isExclusive: Bool

    package init(_ name: String, reading: Reading, labels: [String], isExclusive: Bool = true) {
        (self.name, self.reading, self.labels, self.isExclusive) = (name, reading, labels, isExclusive)
    }

    /// Labels of a head, at most.
    static let mostLabels = 1 << 20

    /// Reads an entry of `decant_heads.json`.
    init(json: JSON) throws(ModelFileError) {
        guard let name = json["name"]?.string, !name.isEmpty, let list = json["labels"]?.array, !list.isEmpty,
            let reading = json["reads"]?.string.flatMap(Reading.init(rawValue:))
        else {
            throw ModelFileError(
                file: EncoderHead.file, reason: "a head has no name, no labels, or reads neither 'text' nor 'tokens'")
        }
        let labels = list.compactMap(\.string)
        guard labels.count == list.count, Set(labels).count == labels.count, labels.count <= Self.mostLabels else {
            throw ModelFileError(file: EncoderHead.file, reason: "the labels of the head '\(name)' are not texts, each once")
        }
        self.init(name, reading: reading, labels: labels, isExclusive: json["exclusive"]?.bool ?? true)
    }

    var json: JSON {
        [
            "name": .string(name), "reads": .string(reading.rawValue), "labels": .array(labels.map(JSON.string)),
            "exclusive": .bool(isExclusive),
        ]
    }

    /// The file that says which heads the weights have.
    package static let file = "decant_heads.json"
}
