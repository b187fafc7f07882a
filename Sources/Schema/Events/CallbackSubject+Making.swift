extension CallbackSubject {
    package static func service(_ serviceId: String) -> CallbackSubject { CallbackSubject(serviceId: serviceId) }

    package static func closing(_ number: Int, caseId: String, complaintId: String) -> CallbackSubject {
        CallbackSubject(caseId: caseId, complaintId: complaintId, closing: number)
    }

    package static func event(_ eventId: String) -> CallbackSubject { CallbackSubject(eventId: eventId) }
}
