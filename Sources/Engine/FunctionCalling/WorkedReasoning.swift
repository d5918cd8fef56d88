import CanonicalJSON

/// A reasoning made from a row by rule, for models that are to learn what reasoning looks like before they are rewarded for it.
///
/// It names the functions that the query's words suggest, then each call's arguments with the query's words that they come
/// from, then the functions of the calls in their order:
///
///     Maybe set_heat, set_light. set_light: room from "kitchen", state is off. So set_light.
///
/// A function is suggested by the distinct words of more than three letters that its name, its summary and its schemas' enums
/// have in common with the query; the three with most, the earlier name first, are named in alphabetical order together with
/// those that are called.
struct WorkedReasoning {
    private static let mostSuggested = 3

    let text: String

    /// - Parameter functions: definitions by name; all of them may be called where the row lists none.
    init(_ row: Row, functions: [String: FunctionDefinition]) {
        let query = Self.words(row.query)
        let pool = row.callable(in: functions).sorted()
        let telling = query.filter { $0.count > 3 }
        let shared = pool.map { name in
            (name, row.definition(of: name, in: functions).map { Self.words(of: $0).intersection(telling).count } ?? 0)
        }
        let suggested =
            shared
            .filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(Self.mostSuggested).map(\.0)
        let called = row.answers.map(\.name)
        let considered = Set(suggested + called).sorted()
        var sentences: [String] = []
        if !considered.isEmpty { sentences.append("Maybe " + considered.joined(separator: ", ")) }
        for call in row.answers where !call.arguments.isEmpty {
            let sources = call.arguments.sorted { $0.key < $1.key }.map { Self.source(of: $0.value, named: $0.key, in: query) }
            sentences.append("\(call.name): " + sources.joined(separator: ", "))
        }
        sentences.append(called.isEmpty ? "None fits" : "So " + called.joined(separator: ", "))
        text = sentences.map { $0 + "." }.joined(separator: " ")
    }

    /// `room from "kitchen"` where the query has the value's words, else `room is kitchen`.
    private static func source(of value: JSON, named name: String, in query: Set<String>) -> String {
        let text = value.string ?? value.canonicalText
        let words = words(text)
        return words.isEmpty || !words.isSubset(of: query) ? "\(name) is \(text)" : "\(name) from \"\(text)\""
    }

    private static func words(of function: FunctionDefinition) -> Set<String> {
        let values = function.properties.flatMap { $0.schema["enum"]?.array ?? [] }.compactMap(\.string)
        return ([function.name, function.summary] + values).reduce(into: []) { $0.formUnion(words($1)) }
    }

    /// The runs of letters and digits, in small letters.
    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }
}
