import CanonicalJSON
import Engine
import Foundation
import Records
import Words

/// An answer that a person judged.
struct LabelledAnswer {
    var judged: JudgedResponse
    var isAccepted: Bool
    /// Why, in the person's words; `nil` where they gave none.
    var reason: String?
}

/// The labels of an artifact: records of any container, each of an answer to a row of the data or to a row of its own.
///
/// `{"id": "row-1", "response": "[]", "accepted": "no", "reason": "wrong function"}`
struct LabelledAnswers {
    private(set) var answers: [LabelledAnswer] = []
    /// Records whose `accepted` is left empty, as in a sheet that is half filled in.
    private(set) var unlabelled = 0

    /// Those of the data that records name.
    private let rows: [String: Row]
    private let style: AnswerStyle

    /// - Parameter style: what the answers consist of.
    init(in context: StageContext, input: String, _ style: AnswerStyle) throws {
        let records = try Self.records(in: context, input: input)
        let named = records.filter { $0.json["query"] == nil }.compactMap { $0.json["id"]?.string }
        rows = try context.rows(named: Set(named))
        self.style = style
        for record in records { try add(record.json, at: record.place) }
        guard !answers.isEmpty else {
            throw StageFailure(
                "the labels have no answer that is judged: each wants 'response', 'accepted' (yes or no), and the 'id' of its row"
            )
        }
    }

    private static func records(
        in context: StageContext, input: String
    ) throws -> [(place: RecordPlace, json: JSON)] {
        var records: [(place: RecordPlace, json: JSON)] = []
        for path in try context.files(below: input) {
            do {
                try RecordFile(context.input(input, path), named: "\(input)/\(path)").read { place, record in
                    switch record {
                    case .failure(let damage): throw StageFailure("\(place): \(damage)")
                    case .success(let json): records.append((place, json))
                    }
                }
            } catch let error as RecordError {
                throw StageFailure("\(error)")
            }
        }
        return records
    }

    private mutating func add(_ json: JSON, at place: RecordPlace) throws {
        guard let label = json["accepted"], label != .null, label.string?.trimmed.isEmpty != true else {
            unlabelled += 1
            return
        }
        guard let isAccepted = Self.isAccepted(label) else {
            throw StageFailure("\(place): 'accepted' is \(label.canonicalText); write yes or no")
        }
        guard let response = json["response"], response != .null else {
            throw StageFailure("\(place): there is no 'response', the answer that was judged")
        }
        let judged = JudgedResponse(
            row: try row(of: json, at: place), response: response.string ?? response.canonicalText, format: style)
        let reason = json["reason"]?.string?.trimmed
        answers.append(LabelledAnswer(judged: judged, isAccepted: isAccepted, reason: reason?.isEmpty == false ? reason : nil))
    }

    private static func isAccepted(_ label: JSON) -> Bool? {
        if let flag = label.bool { return flag }
        let words = ["yes": true, "true": true, "1": true, "no": false, "false": false, "0": false]
        return words[(label.string ?? label.canonicalText).trimmed.lowercased()]
    }

    /// A record with a `query` is a row itself, an unlabelled one where it says not what is right; others name one of the data.
    private func row(of json: JSON, at place: RecordPlace) throws -> Row {
        guard json["query"] != nil else {
            guard let id = json["id"]?.string else {
                throw StageFailure("\(place): there is neither an 'id' of a row nor a 'query'")
            }
            guard let row = rows[id] else {
                throw StageFailure("\(place): the data have no row '\(id)'; give the record a 'query' of its own")
            }
            return row
        }
        var members = json.object ?? [:]
        if members["id"] == nil { members["id"] = .string("\(place)") }
        if members["answers"] == nil {
            members["answers"] = []
            if members["reply"] == nil, members["right"] == nil, members["ranked"] == nil { members["expect"] = Row.unknown }
        }
        do throws(RowError) {
            return try Row(json: .object(members))
        } catch {
            throw StageFailure("\(place): \(error)")
        }
    }
}

extension StageContext {
    /// The rows of the input `data` that have one of these ids. Training rows may be many: they are read one by one.
    fileprivate func rows(named ids: Set<String>) throws -> [String: Row] {
        var rows: [String: Row] = [:]
        guard !ids.isEmpty else { return rows }
        for set in try DataFiles.sets(in: input("data")) {
            try forEachLine(of: DataFiles.set(set), from: "data") { row in
                if ids.contains(row.id), rows[row.id] == nil { rows[row.id] = row }
            }
        }
        return rows
    }
}
