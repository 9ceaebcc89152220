"""The peer that Writ's writes and reads are compared with: a todo board as one
writes it with Flask and SQLAlchemy. A form adds a todo and is redirected to
the list, which shows them all."""
import os
from datetime import datetime

from flask import Flask, redirect, render_template, request, url_for
from sqlalchemy import Boolean, Column, DateTime, Integer, String, create_engine, select
from sqlalchemy.engine import URL
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

url = URL.create(
    "mysql+mysqldb",
    username=os.environ["PEER_USER"],
    database=os.environ["PEER_DATABASE"],
    query={"unix_socket": os.environ["PEER_SOCKET"], "charset": "utf8mb4"},
)
engine = create_engine(url)  # pooled, as it is by default
Session = scoped_session(sessionmaker(bind=engine))
Base = declarative_base()


class Todo(Base):
    __tablename__ = "todo"
    id = Column(Integer, primary_key=True)
    title = Column(String(200), nullable=False)
    done = Column(Boolean, nullable=False, default=False)
    created = Column(DateTime, nullable=False, default=datetime.utcnow)


app = Flask(__name__)


@app.teardown_appcontext
def end_session(_):
    Session.remove()


@app.get("/")
def todos():
    rows = Session.scalars(select(Todo).order_by(Todo.id.desc())).all()
    return render_template("todos.html", todos=rows)


@app.post("/todos")
def add():
    title = request.form["title"].strip()
    if not 1 <= len(title) <= 200:
        return render_template("todos.html", todos=[], problem="A title has 1 to 200 characters."), 422
    Session.add(Todo(title=title))
    Session.commit()
    return redirect(url_for("todos"))


@app.cli.command("create")
def create():
    """Makes the table."""
    Base.metadata.create_all(engine)
