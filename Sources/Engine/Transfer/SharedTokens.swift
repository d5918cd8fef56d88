/// Which tokens of two vocabularies stand for the same: for the same bytes of text, for special tokens of one name, or for the
/// end of an answer.
package struct SharedTokens: Sendable {
    /// The student's token for each of the teacher's; −1 where it has none.
    let students: [Int32]
    /// The student's tokens that the teacher has too, and those that it has not, by number.
    let matched, unmatched: [Int]

    /// - Parameter students: no token twice.
    init(students: [Int32], studentCount: Int) {
        self.students = students
        var isMatched = [Bool](repeating: false, count: studentCount)
        for student in students where student >= 0 { isMatched[Int(student)] = true }
        matched = isMatched.indices.filter { isMatched[$0] }
        unmatched = isMatched.indices.filter { !isMatched[$0] }
    }

    var teacherCount: Int { students.count }
    var studentCount: Int { matched.count + unmatched.count }
}

extension SharedTokens {
    /// - Parameter ends: the tokens that end an answer, where both vocabularies have one.
    package init(student: Tokenizer, teacher: Tokenizer, ends: (student: Int32, teacher: Int32)?) {
        var known: [Spelled: Int32] = [:]
        for id in 0..<student.vocabularySize {
            guard let spelled = Spelled(id, of: student), known[spelled] == nil else { continue }
            known[spelled] = Int32(id)
        }
        if let ends { known = known.filter { $0.value != ends.student } }
        var students = [Int32](repeating: -1, count: teacher.vocabularySize)
        for id in students.indices {
            // Of several tokens that stand for the same, the first has the match.
            guard let spelled = Spelled(id, of: teacher) else { continue }
            if Int32(id) != ends?.teacher, let match = known.removeValue(forKey: spelled) { students[id] = match }
        }
        if let ends, students.indices.contains(Int(ends.teacher)) { students[Int(ends.teacher)] = ends.student }
        self.init(students: students, studentCount: student.vocabularySize)
    }

    /// What a token stands for.
    private struct Spelled: Hashable {
        let bytes: [UInt8]
        let isSpecial: Bool

        init?(_ id: Int, of tokenizer: Tokenizer) {
            bytes = tokenizer.bytes(of: CollectionOfOne(id))
            isSpecial = tokenizer.isSpecial(id)
            if bytes.isEmpty { return nil }
        }
    }
}
