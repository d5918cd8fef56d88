import CanonicalJSON
import Words

extension Row {
    /// What the member `expect` of an unlabelled row is.
    package static let unknown: JSON = "unknown"

    /// The row as a question whose answer nobody has said.
    package var unlabelled: Row {
        var row = self
        row.isUnlabelled = true
        (row.answers, row.possible, row.reply) = ([], nil, nil)
        row.options = options?.unlabelled
        row.ranked = ranked?.unlabelled
        return row
    }
}

extension AnswerTask {
    /// An unlabelled row with an answer as what is right.
    ///
    /// - Throws: where no row like this one could want such an answer.
    package func labelled(_ row: Row, by answer: String) throws(RowError) -> Row {
        if let fault = formFault(in: answer, to: row) { throw RowError(fault) }
        var row = row
        row.isUnlabelled = false
        switch kind {
        case .calls: row.answers = try CallParser.calls(in: answer).get().map(\.canonical)
        case .classify: row.reply = answer.trimmed
        case .text: row.reply = answer
        case .extract: row.reply = (self as? ExtractTask)?.taught(answer)
        case .choice:
            guard let options = row.options,
                let place = options.texts.firstIndex(where: { $0.trimmed == answer.trimmed })
            else { throw RowError("the answer is none of the options") }
            row.options = try RowOptions(options.texts, right: place)
            row.reply = options.texts[place]
        case .rank:
            guard let ranked = row.ranked else { throw RowError("the row ranks no text") }
            row.ranked = try RankedText(
                ranked.text, relevance: answer.trimmed == RankTask.yes ? 1 : 0, group: ranked.group)
        }
        return row
    }

    /// Why an accepted answer to an unlabelled row is no example to learn from; `nil` where it is one.
    package func fault(inReference answer: String, to row: Row) -> String? {
        do throws(RowError) {
            return try fault(inRight: answer, to: labelled(row, by: answer))
        } catch {
            return error.description
        }
    }
}
