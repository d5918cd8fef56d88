import CanonicalJSON
import Engine

extension DataProfile {
    private var total: Int { rows.values.reduce(0, +) }
    private var setNames: [String] {
        rows.keys.sorted { ($0 == RowSets.training ? 0 : 1, $0) < ($1 == RowSets.training ? 0 : 1, $1) }
    }

    package var json: JSON {
        var members: [String: JSON] = ["rows": .count(total), "read": .count(read)]
        members["sets"] = .object(rows.mapValues { .count($0) })
        members["task"] = .string(description.kind.rawValue)
        if let noun {
            members[noun + "s"] = .object(answers.mapValues { sets in .object(sets.mapValues { .count($0) }) })
            members["unused"] = .array(unused.map(JSON.string))
        }
        members["no_call"] = .object(noCalls.mapValues { .count($0) })
        if !unlabelled.isEmpty { members["unlabelled"] = .object(unlabelled.mapValues { .count($0) }) }
        var parts: [String: [String: JSON]] = [:]
        for (length, values) in lengths { parts[length.part, default: [:]][length.unit] = values.json }
        members["lengths"] = .object(parts.mapValues { .object($0) })
        members["repeated"] = ["same_answer": .count(repeats.same), "other_answer": repeats.other.json]
        members["overlap"] = .object(
            overlaps.mapValues { overlap -> JSON in
                ["compared": .count(overlap.compared), "exact": .count(overlap.exact), "near": .count(overlap.near)]
            })
        members["unfit"] = unfit.json
        members["warnings"] = .array(warnings.map(JSON.string))
        members["samples"] = .object(samples.rows.mapValues { .array($0.map(\.json)) })
        return .object(members)
    }

    /// What rows are counted by; `nil` where each answer is a text of its own.
    private var noun: String? {
        switch description.kind {
        case .calls: "function"
        case .classify, .rank: "label"
        case .extract, .text, .choice: nil
        }
    }

    package var text: String {
        var lines = ["rows  \(total)" + (read < total ? ", of which \(read) were read: a hash chose them" : "")]
        if description.kind != .calls { lines[0] += ", for the task '\(description.kind.rawValue)'" }
        if answers.isEmpty, noCalls.isEmpty, unlabelled.isEmpty {
            lines += setNames.map { "\($0)  \(rows[$0] ?? 0)" }
        } else {
            lines += table(heading: noun ?? "")
        }
        lines += lengths.sorted { ($0.key.part, $0.key.unit) < ($1.key.part, $1.key.unit) }.map { length, values in
            "\(length.part), \(length.unit): \(values.text)"
        }
        lines += overlapLines + repeatLines
        if unfit.count > 0 { lines += ["answers that do not fit: \(unfit.count)"] + unfit.texts.map { "  \($0)" } }
        for set in setNames {
            lines += ["", "\(set):"] + (samples.rows[set] ?? []).map { "  \(shown($0))" }
        }
        if !warnings.isEmpty { lines += [""] + warnings.map { "warning: \($0)" } }
        return lines.joined(separator: "\n")
    }

    /// Rows of each set by name, the most frequent first.
    private func table(heading: String) -> [String] {
        let most = 40
        let ranked = answers.sorted { left, right in
            let (a, b) = (left.value.values.reduce(0, +), right.value.values.reduce(0, +))
            return a == b ? left.key < right.key : a > b
        }
        var body = ranked.prefix(most).map { ($0.key, $0.value) }
        if ranked.count > most {
            var rest: [String: Int] = [:]
            for (_, sets) in ranked.dropFirst(most) { rest.merge(sets, uniquingKeysWith: +) }
            body.append(("\(ranked.count - most) more", rest))
        }
        if !noCalls.isEmpty { body.append(("no call", noCalls)) }
        if !unlabelled.isEmpty { body.append(("unknown", unlabelled)) }
        var cells: [[String]] = [[heading] + setNames]
        for (name, sets) in body { cells.append([name] + setNames.map { String(sets[$0] ?? 0) }) }
        cells.append(["all"] + setNames.map { String(rows[$0] ?? 0) })
        let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: max(0, widths[column] - cell.count))
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ")
        } + shareOfNoCalls
    }

    private var shareOfNoCalls: [String] {
        let silent = noCalls.values.reduce(0, +)
        guard read > 0, silent > 0 else { return [] }
        return ["no call: \(Self.percentage(silent, of: read)) of the rows"]
    }

    private var overlapLines: [String] {
        overlaps.sorted { $0.key < $1.key }.map { set, overlap in
            let all = overlap.compared == rows[set] ? "" : " compared"
            return "\(set): of \(overlap.compared) rows\(all), \(overlap.exact) have a training row's query, "
                + "\(overlap.near) nearly (Jaccard 0.8 of words two by two)"
        }
    }

    private var repeatLines: [String] {
        guard repeats.same + repeats.other.count > 0 else { return ["no query stands twice in a set"] }
        return ["repeated queries: \(repeats.same) with the same answer, \(repeats.other.count) with another"]
            + repeats.other.texts.map { "  \($0)" }
    }

    private func shown(_ row: Row) -> String {
        let query = task.shown(row, in: .query).query.split(whereSeparator: \.isNewline).joined(separator: " ")
        let short = query.count <= 100 ? query : query.prefix(99) + "…"
        if row.isPassage || row.isUnlabelled { return String(short) }
        let response = task.response(to: row)
        return "\(short) → \(response.count <= 200 ? response : response.prefix(199) + "…")"
    }

    private static func percentage(_ part: Int, of whole: Int) -> String {
        "\((Double(part) / Double(whole) * 1000).rounded() / 10)%"
    }
}
