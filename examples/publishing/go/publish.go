// Publishes a complaint with RabbitMQ's Go client, and listens for its refusal: publish COMPLAINT_ID [--broken]
package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	inbox, events = "recourse.inbox", "recourse.events"
	eventType     = "complaint.received.v1"
	confirmLimit  = 10 * time.Second
	// A refusal comes within some milliseconds of the confirm, unless the stage is down.
	patience = 10 * time.Second
)

// The namespace of all ids (docs/IDS.md).
var recourse, _ = hex.DecodeString("bc0611e1cd7d54588528241fb9df154d")

// Your system, the same for all it says. (source, id) is the name of an event.
var source = func() string {
	if given := os.Getenv("EVENT_SOURCE"); given != "" {
		return given
	}
	return "urn:example:shop"
}()

type event struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Time        string    `json:"time"`
	DataType    string    `json:"datacontenttype"`
	Data        complaint `json:"data"`
}

type complaint struct {
	ComplaintID string   `json:"complaintId"`
	Channel     string   `json:"channel"`
	ReceivedAt  string   `json:"receivedAt"`
	Customer    customer `json:"customer"`
	Product     product  `json:"product"`
	Description string   `json:"description"`
	Remedy      string   `json:"remedy"`
}

type customer struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

type product struct {
	Category      string `json:"category"`
	Brand         string `json:"brand"`
	PurchasedHere bool   `json:"purchasedHere"`
}

// The event of a complaint. Its id follows from the fact that it tells, and its times are those of the fact: so what is
// sent twice, after a crash or a lost confirm, is byte for byte the same, and counts once.
func newEvent(complaintID string, broken bool) event {
	received, channel := "2026-11-30T09:00:00+08:00", "counter"
	if broken {
		channel = "pigeon"
	}
	return event{"1.0", "complaint-" + complaintID, source, eventType, received, "application/json", complaint{
		complaintID, channel, received, customer{"王芳", "13800000000"}, product{"washing machine", "Example", true},
		"It leaks.", "repair"}}
}

// UUID version 5 (RFC 9562) in Recourse's namespace.
func uuid5(parts ...string) string {
	sum := sha1.Sum(append(append([]byte{}, recourse...), strings.Join(parts, "\n")...))
	sum[6], sum[8] = sum[6]&0x0F|0x50, sum[8]&0x3F|0x80
	text := hex.EncodeToString(sum[:16])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// Returns once the broker has the event. Where it has not, keep it and send the same again.
func publish(channel *amqp.Channel, told event) error {
	body, err := json.Marshal(told)
	if err != nil {
		return err
	}
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	ctx, cancel := context.WithTimeout(context.Background(), confirmLimit)
	defer cancel()
	mandatory := true
	confirm, err := channel.PublishWithDeferredConfirmWithContext(
		ctx, inbox, strings.TrimSuffix(told.Type, ".v1"), mandatory, false, amqp.Publishing{
			ContentType: "application/cloudevents+json", DeliveryMode: amqp.Persistent, MessageId: told.ID,
			Type: told.Type, Body: body})
	if err != nil {
		return err
	}
	confirmed := make(chan bool, 1)
	go func() { confirmed <- confirm.Wait() }()
	select {
	case ok := <-confirmed:
		if !ok {
			return errors.New("the broker did not take it; keep it and send the same again")
		}
	case <-ctx.Done():
		return errors.New("no confirm within 10 s; keep it and send the same again")
	}
	select {
	case <-returned:
		return errors.New("no queue takes it: the topology of Recourse is not applied at this broker")
	default:
		return nil
	}
}

// A durable queue of our own, so that no answer is lost while we are down; bound before anything is published.
func listen(channel *amqp.Channel) (<-chan amqp.Delivery, error) {
	queue := strings.ReplaceAll(source, ":", ".") + ".answers"
	if _, err := channel.QueueDeclare(queue, true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
		return nil, err
	}
	for _, key := range []string{"event.rejected." + uuid5(source)[:8], "business.rejected"} {
		if err := channel.QueueBind(queue, key, events, false, nil); err != nil {
			return nil, err
		}
	}
	if err := channel.Qos(20, 0, false); err != nil {
		return nil, err
	}
	return channel.Consume(queue, "", false, false, false, false, nil)
}

type answer struct {
	Type string
	Data struct {
		// Of event.rejected.
		Source, EventID string
		Errors          []struct{ Pointer, Rule, Message string }
		// Of business.rejected, which tells all sources under one key.
		Event   struct{ Source, ID string }
		Reason  string
		Figures json.RawMessage
	}
}

// What an answer says of our event; empty: it is about another.
func (told answer) about(ours event) string {
	switch {
	case told.Type == "event.rejected.v1" && told.Data.Source == source && told.Data.EventID == ours.ID:
		faults := []string{}
		for _, one := range told.Data.Errors {
			faults = append(faults, one.Pointer+" "+one.Rule+": "+one.Message)
		}
		return "refused: " + strings.Join(faults, "; ")
	case told.Type == "business.rejected.v1" && told.Data.Event.Source == source && told.Data.Event.ID == ours.ID:
		return "rejected: " + told.Data.Reason + " " + string(told.Data.Figures)
	}
	return ""
}

// The answer to our event; empty: none came in time.
func hear(answers <-chan amqp.Delivery, ours event) (string, error) {
	end := time.After(patience)
	for {
		select {
		case delivery, isOpen := <-answers:
			if !isOpen {
				return "", errors.New("the connection was lost")
			}
			var told answer
			if err := json.Unmarshal(delivery.Body, &told); err != nil {
				return "", err
			}
			if err := delivery.Ack(false); err != nil {
				return "", err
			}
			if about := told.about(ours); about != "" {
				return about, nil
			}
		case <-end:
			return "", nil
		}
	}
}

func run(complaintID string, broken bool) (string, error) {
	connection, err := amqp.Dial(os.Getenv("AMQP_URL"))
	if err != nil {
		return "", err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return "", err
	}
	if err := channel.Confirm(false); err != nil {
		return "", err
	}
	answers, err := listen(channel)
	if err != nil {
		return "", err
	}
	ours := newEvent(complaintID, broken)
	if err := publish(channel, ours); err != nil {
		return "", err
	}
	fmt.Printf("confirmed %s, case %s\n", ours.ID, uuid5("case", source, complaintID))
	return hear(answers, ours)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: publish COMPLAINT_ID [--broken]")
		os.Exit(64)
	}
	told, err := run(os.Args[1], len(os.Args) > 2 && os.Args[2] == "--broken")
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case told != "":
		fmt.Println(told)
		os.Exit(1)
	}
	fmt.Println("not refused")
}
