import Diagnostics
import SpannedYAML

extension Fields {
    func text(_ name: String, default standard: String) -> Spanned<String> {
        guard let node = node(name) else { return self.standard(name, standard) }
        guard let text = node.scalar?.text else {
            report(.wrongType(fullName(of: name), wants: "a single value", found: node))
            return self.standard(name, standard)
        }
        return Spanned(text, at: node.span, field: fullName(of: name))
    }

    func flag(_ name: String, default standard: Bool) -> Spanned<Bool> {
        guard let node = node(name) else { return self.standard(name, standard) }
        let spellings = ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false]
        guard let value = node.scalar.flatMap({ spellings[$0.text.lowercased()] }) else {
            report(.wrongType(fullName(of: name), wants: "true or false", found: node))
            return self.standard(name, standard)
        }
        return Spanned(value, at: node.span, field: fullName(of: name))
    }

    /// One of the cases of an enumeration. Words of `later` belong to the language without being available yet.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, default standard: Choice, later: [String] = []
    ) -> Spanned<Choice> {
        guard let node = node(name) else { return self.standard(name, standard) }
        return choice(from: node, of: name, later: later) ?? self.standard(name, standard)
    }

    /// Cases of an enumeration; a single one needs no brackets.
    func choices<Choice: RawRepresentable<String> & CaseIterable & Hashable>(
        _ name: String, default standard: [Choice], later: [String] = []
    ) -> Spanned<[Spanned<Choice>]> {
        guard let node = node(name) else { return self.standard(name, standard.map { self.standard(name, $0) }) }
        var found: [Spanned<Choice>] = []
        for element in node.sequence ?? [node] {
            guard let choice: Spanned<Choice> = choice(from: element, of: name, later: later) else { continue }
            if let first = found.first(where: { $0.value == choice.value }) {
                report(.repeated(choice.value.rawValue, in: fullName(of: name), at: choice.span, first: first.span))
            } else {
                found.append(choice)
            }
        }
        return Spanned(found, at: node.span, field: fullName(of: name))
    }

    /// Words; a single one needs no brackets.
    func words(_ name: String, default standard: [String] = []) -> Spanned<[Spanned<String>]> {
        guard let node = node(name) else { return self.standard(name, standard.map { self.standard(name, $0) }) }
        var found: [Spanned<String>] = []
        var places: [String: SourceSpan] = [:]
        for element in node.sequence ?? [node] {
            guard let text = element.scalar?.text, !element.isNull else {
                report(.wrongType(fullName(of: name), wants: "a list of words", found: element))
                continue
            }
            if let first = places[text] {
                report(.repeated(text, in: fullName(of: name), at: element.span, first: first))
            } else {
                places[text] = element.span
                found.append(Spanned(text, at: element.span, field: fullName(of: name)))
            }
        }
        return Spanned(found, at: node.span, field: fullName(of: name))
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        from node: Node, of name: String, later: [String]
    ) -> Spanned<Choice>? {
        let known = Choice.allCases.map(\.rawValue)
        guard let text = node.scalar?.text else {
            report(.wrongType(fullName(of: name), wants: "one of \(known.joined(separator: ", "))", found: node))
            return nil
        }
        if let choice = Choice(rawValue: text) { return Spanned(choice, at: node.span, field: fullName(of: name)) }
        if later.contains(text) {
            report(.notYetAvailable(text, instead: known, at: node.span))
        } else {
            report(.unknownValue(text, of: fullName(of: name), among: known, at: node.span))
        }
        return nil
    }
}
