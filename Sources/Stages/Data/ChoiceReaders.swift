import CanonicalJSON
import Engine
import Words

/// Reads a format whose records are questions with options. Records without an id are named by file and number.
protocol ChoiceReader: RowReader {
    /// The question as the prompt has it, and its options.
    static func question(_ record: JSON) throws(RowError) -> (query: String, options: [String])
    /// The place of the right one.
    static func right(_ record: JSON, among options: [String]) throws(RowError) -> Int
}

extension ChoiceReader {
    static var nested: [String] { ["options", "choices", "endings"] }

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        for file in files {
            var number = 0
            try rows.read(file, for: Self.self) { rows, record, place in
                number += 1
                let (query, texts) = try question(record)
                let isQuestion = file.isUnlabelled || record["expect"] == Row.unknown
                let options = try RowOptions(texts, right: isQuestion ? 0 : right(record, among: texts))
                let row = Row(id: record["id"]?.string ?? "\(file.name)#\(number)", query: query, options: options)
                try rows.add(isQuestion ? row.unlabelled : row, [], set: file.set, place: place)
            }
        }
    }
}

/// Decant's own: `{"id"?, "query", "options": [texts], "reply": the right one}`, or `answer`, its place counted from 0.
enum OptionsReader: ChoiceReader {
    static func question(_ record: JSON) throws(RowError) -> (query: String, options: [String]) {
        let options = try texts(record, "options")
        return (try text(record, "query"), options)
    }

    static func right(_ record: JSON, among options: [String]) throws(RowError) -> Int {
        if let place = record["answer"]?.integer { return place }
        let reply = try text(record, "reply")
        let places = options.indices.filter { options[$0] == reply }
        guard let place = places.first else { throw RowError("the reply '\(reply)' is none of the options") }
        guard places.count == 1 else {
            throw RowError("the reply '\(reply)' is several of the options; name its place as 'answer', counted from 0")
        }
        return place
    }
}

/// MMLU: `{"question", "choices": [texts], "answer": place}`. The prompt lists the choices, and their letters are the options.
enum MMLUReader: ChoiceReader {
    static func question(_ record: JSON) throws(RowError) -> (query: String, options: [String]) {
        let choices = try texts(record, "choices")
        guard choices.count <= 26 else { throw RowError("there are \(choices.count) choices, and only 26 letters") }
        return try lettered(choices, of: text(record, "question"), before: "Answer:")
    }

    static func right(_ record: JSON, among options: [String]) throws(RowError) -> Int {
        guard let place = record["answer"]?.integer else { throw RowError("'answer' is not the place of a choice") }
        return place
    }
}

/// CMMLU: `{"Question", "A", "B", "C", "D", "Answer": letter}`. The prompt lists the choices, and their letters are the options.
enum CMMLUReader: ChoiceReader {
    static let needed = ["Question"] + letters
    private static let letters = ["A", "B", "C", "D"]

    static func question(_ record: JSON) throws(RowError) -> (query: String, options: [String]) {
        let choices = try letters.map { letter throws(RowError) in try text(record, letter) }
        return try lettered(choices, of: text(record, "Question"), before: "答案：")
    }

    static func right(_ record: JSON, among options: [String]) throws(RowError) -> Int {
        let answer = PythonText.stripped(try text(record, "Answer"))
        guard let place = letters.firstIndex(of: answer) else {
            throw RowError("the Answer '\(answer)' is none of the letters A to D")
        }
        return place
    }
}

/// ARC: `{"question", "choices": {"text": […], "label": […]}, "answerKey"}`. The texts are the options.
enum ARCReader: ChoiceReader {
    static func question(_ record: JSON) throws(RowError) -> (query: String, options: [String]) {
        let options = try texts(record["choices"] ?? .null, "text")
        return ("Question: \(try text(record, "question"))\nAnswer:", options)
    }

    static func right(_ record: JSON, among options: [String]) throws(RowError) -> Int {
        let labels = try texts(record["choices"] ?? .null, "label")
        let key = try text(record, "answerKey")
        guard labels.count == options.count, let place = labels.firstIndex(of: key) else {
            throw RowError("the answerKey '\(key)' is no label of the choices")
        }
        return place
    }
}

/// HellaSwag: `{"activity_label", "ctx_a", "ctx_b", "endings": [texts], "label": place}`. The endings are the options.
///
/// Texts are prepared as in lm-evaluation-harness: the second part of the context begins with a capital letter, and the marks
/// in brackets that WikiHow leaves are taken out.
enum HellaSwagReader: ChoiceReader {
    static func question(_ record: JSON) throws(RowError) -> (query: String, options: [String]) {
        let context = try text(record, "ctx_a") + " " + PythonText.capitalized(try text(record, "ctx_b"))
        let endings = try texts(record, "endings").map(prepared)
        return (prepared(try text(record, "activity_label") + ": " + context), endings)
    }

    static func right(_ record: JSON, among options: [String]) throws(RowError) -> Int {
        guard let place = record["label"]?.integer ?? record["label"]?.string.flatMap({ Int($0) }) else {
            throw RowError("'label' is not the place of an ending")
        }
        return place
    }

    private static func prepared(_ text: String) -> String {
        let title = PythonText.stripped(text).replacing(" [title]", with: ". ")
        return title.withoutBrackets.replacing("  ", with: " ")
    }
}

extension ChoiceReader {
    /// A question with its choices behind their letters, at most 26; the letters are the options.
    fileprivate static func lettered(
        _ choices: [String], of question: String, before end: String
    ) -> (query: String, options: [String]) {
        let letters = choices.indices.map { String(UnicodeScalar(UInt8(ascii: "A") + UInt8($0))) }
        let lines = zip(letters, choices).map { "\($0). \($1)\n" }
        return ("\(PythonText.stripped(question))\n\(lines.joined())\(end)", letters)
    }

    fileprivate static func text(_ record: JSON, _ name: String) throws(RowError) -> String {
        guard let text = record[name]?.string else { throw RowError("there is no '\(name)', a text") }
        return text
    }

    fileprivate static func texts(_ record: JSON, _ name: String) throws(RowError) -> [String] {
        guard let list = record[name]?.array, case let texts = list.compactMap(\.string), texts.count == list.count else {
            throw RowError("there is no '\(name)', a list of texts")
        }
        return texts
    }
}
